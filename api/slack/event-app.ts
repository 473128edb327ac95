import { App, type ReceiverEvent } from '@slack/bolt';

/**
 * Bolt acknowledges an event before its listeners see it. Here it is acknowledged when they are through: what one of them raises is
 * raised, nothing is acknowledged, and Slack delivers the event again.
 */
export class EventApp extends App {
  override async processEvent(received: ReceiverEvent): Promise<void> {
    if (received.body['event'] === undefined) {
      await super.processEvent(received);
      return;
    }
    await super.processEvent({ ...received, ack: () => Promise.resolve() });
    await received.ack();
  }
}
