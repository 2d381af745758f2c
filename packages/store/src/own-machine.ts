/** Whether a connection to this host leaves the machine: not one to a loopback address, and not one to a socket in its file system. */
export function leavesMachine(host: string): boolean {
  return host !== '' && !host.startsWith('/') && !/^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)
}
