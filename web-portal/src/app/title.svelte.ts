// "(3) Posteingang · Depesche" and a dot on the icon while something is unread.
let page = $state("");
let unread = $state(0);

export function setPage(name: string) {
  page = name;
}
export function setUnread(n: number) {
  unread = n;
}
/** Runs inside an effect of the shell. */
export function showTitle() {
  document.title = `${unread > 0 ? `(${unread}) ` : ""}${page ? `${page} · ` : ""}Depesche`;
  const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  const href = unread > 0 ? "/favicon-dot.svg" : "/favicon.svg";
  if (icon && icon.getAttribute("href") !== href) icon.setAttribute("href", href);
}
