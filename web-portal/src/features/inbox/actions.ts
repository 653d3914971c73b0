// What a person can do with a session; each answer goes straight into the lists on screen.
import type { QueryClient } from "@tanstack/svelte-query";
import { messages, sessions } from "../../api/calls";
import type { Message, Route, Say, Session, ThreadPage } from "../../api/types";
import { keys } from "../../app/keys";
import { session as login } from "../../app/me.svelte";
import { problemText } from "../../app/problems";
import { t } from "../../i18n/i18n.svelte";
import { putSessions, refreshThread } from "../../live/apply";
import { mergeThread } from "../../live/merge";
import { toast } from "../../ui/toast.svelte";

const none: ReadonlySet<number> = new Set();

function settle(cache: QueryClient, session: Session) {
  putSessions(cache, [session], none, login.extension?.id ?? null);
  void cache.invalidateQueries({ queryKey: keys.counts });
  void refreshThread(cache, session.id);
}

export function actions(cache: QueryClient) {
  return {
    async pickUp(session: Session) {
      try {
        settle(cache, await sessions.pickUp(session.id));
      } catch (error) {
        toast(problemText(error), "bad");
        settle(cache, await sessions.get(session.id));
      }
    },
    async transfer(session: Session, to: Route, name: string) {
      settle(cache, await sessions.transfer(session.id, to));
      toast(t("transfer.done", { name }));
    },
    async end(session: Session) {
      settle(cache, await sessions.end(session.id));
    },
    /** Optimistic: reading is no promise to anybody. */
    async read(session: Session, upTo: number) {
      putSessions(cache, [{ ...session, unread: 0 }], none, login.extension?.id ?? null);
      await sessions.read(session.id, upTo).catch(() => undefined);
      void cache.invalidateQueries({ queryKey: keys.counts });
    },
    async unread(session: Session) {
      await sessions.unread(session.id);
      settle(cache, await sessions.get(session.id));
    },
    async write(session: Session, text: string, clientId: string, sendAt?: string, attachments: number[] = []) {
      const body = { text, client_id: clientId, send_at: sendAt, attachments };
      const message = await sessions.write(session.id, body);
      putMessage(cache, message);
      void sessions.get(session.id).then((s) => settle(cache, s));
    },
    async say(session: Session, say: Say, clientId: string, inReplyTo?: number) {
      const message = await sessions.say(session.id, {
        say,
        client_id: clientId,
        ...(inReplyTo ? { in_reply_to: inReplyTo } : {}),
      });
      putMessage(cache, message);
      void sessions.get(session.id).then((s) => settle(cache, s));
    },
    async sendAgain(message: Message) {
      putMessage(cache, await messages.sendAgain(message.id));
      void refreshThread(cache, message.session_id);
    },
    async takeBack(message: Message) {
      putMessage(cache, await messages.cancel(message.id));
    },
    async change(message: Message, to: { text: string; send_at: string }) {
      putMessage(cache, await messages.change(message.id, to));
    },
    async settleUncertain(message: Message, state: "sent" | "failed") {
      putMessage(cache, await messages.settle(message.id, state));
    },
  };
}

function putMessage(cache: QueryClient, message: Message) {
  cache.setQueryData<ThreadPage>(keys.thread(message.session_id), (loaded) =>
    loaded ? mergeThread(loaded, { items: [{ type: "message", message }], before: null }) : loaded,
  );
}
