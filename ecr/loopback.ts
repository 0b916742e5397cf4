/** The addresses that lead to this machine only: RFC 1122, 3.2.1.3; RFC 4291, 2.5.3; RFC 6761, 6.3. */
const LOOPBACK = /^(127(\.[0-9]{1,3}){3}|\[::1\]|localhost)$/;

/** Whether a URL leads to this machine, as AWS_ENDPOINT_URL does in the sandbox. */
export function isLoopback(url: string): boolean {
  return URL.canParse(url) && LOOPBACK.test(new URL(url).hostname);
}
