/** Flow machines over a management client: following the network, and telling it of our site. */
import type { Message } from '#amqp/index.ts';
import type { Clock } from '#base/clock.ts';
import type { Running } from '#base/lifecycle.ts';
import {
  decodeFlowMessage,
  encodeFlowMessage,
  FlowCollector,
  type FlowCollectorOptions,
  type FlowMessage,
  type FlowRecord,
  flowRecord,
  FlowRecordType,
  FlowSource,
  networkView,
  type NetworkView,
} from '#telemetry/index.ts';
import type { ManagementClient, Subscription } from './client-contract.ts';
import { MachineTimer } from './machine-timer.ts';

/** The part of a management client that flow machines use. */
export type FlowCarrier = Pick<ManagementClient, 'subscribe' | 'send' | 'onConnected'>;

export interface FlowCarrierDeps {
  readonly client: FlowCarrier;
  readonly clock: Clock;
}

export interface NetworkWatcher extends Running {
  /** The network as known now; the same object until something changes. */
  view(): NetworkView;
}

/** How long changes are gathered before they are told. */
const changeDelayMs = 20;

/** Follows all sources that the client's router can reach. Works until stopped. */
export function networkWatcher(
  deps: FlowCarrierDeps & { readonly onChange: (view: NetworkView) => void },
  options: FlowCollectorOptions = {},
): NetworkWatcher {
  const subscriptions = new Map<string, Subscription>();
  const send = sender(deps.client);
  let view: NetworkView | undefined;
  let changeTimer: NodeJS.Timeout | undefined;
  const currentView = (): NetworkView => (view ??= networkView(collector.records()));
  const receive = (address: string, message: Message): void => {
    const flow = decodeFlowMessage(message, address);
    if (flow === undefined) return;
    collector.onMessage(flow);
    timer.adjust();
  };
  const collector = new FlowCollector(
    {
      clock: deps.clock,
      sink: {
        subscribe: (address) => {
          const onMessage = (message: Message): void => receive(address, message);
          subscriptions.set(address, deps.client.subscribe(address, onMessage));
        },
        unsubscribe: (address) => {
          subscriptions.get(address)?.close();
          subscriptions.delete(address);
        },
        send,
        onChange: () => {
          view = undefined;
          changeTimer ??= setTimeout(() => {
            changeTimer = undefined;
            deps.onChange(currentView());
          }, changeDelayMs);
        },
      },
    },
    options,
  );
  const timer = new MachineTimer(deps, collector);
  const connected = deps.client.onConnected(() => {
    collector.onReconnected();
    timer.adjust();
  });
  collector.begin();
  return {
    view: currentView,
    stop: () => {
      connected.close();
      timer.stop();
      clearTimeout(changeTimer);
      for (const subscription of subscriptions.values()) subscription.close();
      subscriptions.clear();
      return Promise.resolve();
    },
  };
}

/** What a controller tells about its site. */
export interface SiteAnnouncement {
  readonly siteId: string;
  readonly name: string;
  readonly namespace: string;
  readonly platform: string;
  readonly version: string;
  readonly provider?: string | undefined;
  readonly location?: string | undefined;
}

export interface SiteAnnouncer extends Running {
  /** Adds or changes a further record, for example of a process. */
  set(record: FlowRecord): void;
  end(identity: string): void;
}

/** Tells the network about a site until stopped. After that silence ends it for the others. */
export function siteAnnouncer(deps: FlowCarrierDeps, site: SiteAnnouncement): SiteAnnouncer {
  const send = sender(deps.client);
  const source = new FlowSource(
    { clock: deps.clock, sink: { send } },
    { id: site.siteId, sourceType: 'CONTROLLER' },
  );
  const timer = new MachineTimer(deps, source);
  const { name, namespace, platform, version, provider, location } = site;
  const attributes = { name, namespace, platform, buildVersion: version, provider, location };
  source.set(flowRecord(FlowRecordType.site, site.siteId, attributes));
  // A client cannot see who listens; the router drops what nobody wants.
  const announce = (): void => {
    source.onReconnected();
    timer.adjust();
  };
  const commands = deps.client.subscribe(source.addresses.command, (message) => {
    const flow = decodeFlowMessage(message, source.addresses.command);
    if (flow === undefined) return;
    source.onMessage(flow);
    timer.adjust();
  });
  const connected = deps.client.onConnected(announce);
  announce();
  return {
    set: (record) => {
      source.set(record);
      timer.adjust();
    },
    end: (identity) => {
      source.end(identity);
      timer.adjust();
    },
    stop: () => {
      connected.close();
      commands.close();
      timer.stop();
      return Promise.resolve();
    },
  };
}

function sender(client: FlowCarrier): (message: FlowMessage) => void {
  let messageId = 1;
  return (message) => {
    client.send(encodeFlowMessage(message, messageId++));
  };
}
