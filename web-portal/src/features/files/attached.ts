// What is attached to each draft of each user, kept while people move between conversations.
import { loadDraft, saveDraft, type DraftOf } from "../../lib/drafts";
import { Attaching } from "./attaching.svelte";

const all = new Map<string, Attaching>();

export function attachingOf(user: number, draft: DraftOf): Attaching {
  const key = `${user}.${draft}`;
  let found = all.get(key);
  if (!found) {
    forgetEmpty();
    found = new Attaching((uploads) => saveDraft(user, draft, { uploads }));
    all.set(key, found);
    void found.restore(loadDraft(user, draft).uploads);
  }
  return found;
}

function forgetEmpty() {
  for (const [key, one] of all) if (one.items.length === 0 && one.ids.length === 0) all.delete(key);
}

// A reload would end what is on its way.
addEventListener("beforeunload", (event) => {
  if ([...all.values()].some((a) => a.busy)) event.preventDefault();
});
