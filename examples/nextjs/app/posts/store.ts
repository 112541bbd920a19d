/** The posts, in the memory of this process: of the process, for Next may load this file once for pages and once for actions. */
const kept = globalThis as { posts?: Map<string, string> }

export const posts = (kept.posts ??= new Map(Array.from({ length: 9 }, (_, i) => [String(i + 1), `Post ${i + 1}`])))
