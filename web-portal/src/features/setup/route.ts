// A route as the value of a select: "queue:3" or "extension:7".
import type { Route } from "../../api/types";

export const routeValue = (route: Route) =>
  "queue" in route ? `queue:${route.queue}` : `extension:${route.extension}`;
export function routeOf(value: string): Route {
  const [kind, id] = value.split(":");
  return kind === "queue" ? { queue: Number(id) } : { extension: Number(id) };
}
