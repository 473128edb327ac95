import { Socket } from 'node:net';

/**
 * A socket on which everything that one turn of the event loop sends leaves in one write: statements started at once are
 * one packet, and wake the server process once. The client holds back within one statement only.
 */
export function createGatheringSocket(): Socket {
  const socket = new Socket();
  const release = socket.uncork.bind(socket);
  // Each hold is counted: the last release of the turn lets go of all.
  socket.uncork = () => {
    process.nextTick(release);
  };
  return socket;
}
