// What the list can be filtered by, with the names to choose from.
import { createQuery } from "@tanstack/svelte-query";
import { channels, extensions, queues } from "../../api/calls";
import { keys } from "../../app/keys";
import { isAgent } from "../../app/me.svelte";
import { t } from "../../i18n/i18n.svelte";
import { extensionName } from "./words";

export interface FilterChoice {
  name: "channel" | "queue" | "extension";
  label: string;
  items: { id: number; text: string }[] | undefined;
}

/** Call it while a component is set up. */
export function filterChoices(): { readonly all: FilterChoice[] } {
  const channelList = createQuery(() => ({ queryKey: keys.channels, queryFn: channels.list }));
  const queueList = createQuery(() => ({ queryKey: keys.queues, queryFn: queues.list }));
  const extensionList = createQuery(() => ({
    queryKey: keys.extensions,
    queryFn: extensions.list,
    enabled: !isAgent(),
  }));
  const all = $derived<FilterChoice[]>([
    { name: "channel", label: t("filter.channel"), items: channelList.data?.map((c) => ({ id: c.id, text: c.name })) },
    { name: "queue", label: t("filter.queue"), items: queueList.data?.map((q) => ({ id: q.id, text: q.name })) },
    {
      name: "extension",
      label: t("filter.extension"),
      items: extensionList.data?.map((e) => ({ id: e.id, text: extensionName(e) })),
    },
  ]);
  return {
    get all() {
      return all;
    },
  };
}
