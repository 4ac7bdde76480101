/**
 * Routers of a Site with two share their ports, so two such Sites could share one by mistake: both
 * would open it, and clients would come to either. Hence the oldest listener has it.
 */
import { isIP } from 'node:net';
import { isTerminating } from '#kube/index.ts';
import { activeSiteOf, type ControllerContext } from '../context.ts';
import { listener, multiKeyListener } from '../kinds.ts';
import { type Front, frontOfListener, frontOfMultiKeyListener } from './front.ts';

/** Says who of another Site has the address of this machine that a listener wants, if anybody. */
export type TakenPlace = (front: Front) => string | undefined;

const free: TakenPlace = () => undefined;

/** For the listeners of one namespace. */
export function takenPlaces(context: ControllerContext, namespace: string): TakenPlace {
  const shares = (of: string): boolean => activeSiteOf(context, of)?.spec?.ha === true;
  if (!context.runtime.sharesAddresses || !shares(namespace)) return free;
  const holders = new Map<string, { readonly rank: string; readonly told: string }>();
  for (const { of, front } of frontsElsewhere(context, namespace)) {
    const place = placeOf(front);
    const rank = rankOf(front, of);
    const known = holders.get(place);
    if (known !== undefined && known.rank < rank) continue;
    if (!shares(of)) continue;
    const { kind, name, host, port } = front;
    const told = `${kind} ${name} of namespace ${of} has host ${host} and port ${port} already`;
    holders.set(place, { rank, told });
  }
  return (front) => {
    const holder = holders.get(placeOf(front));
    return holder !== undefined && holder.rank < rankOf(front, namespace) ? holder.told : undefined;
  };
}

function frontsElsewhere(
  { informers }: ControllerContext,
  namespace: string,
): readonly { readonly of: string; readonly front: Front }[] {
  const single = informers
    .of(listener)
    .list()
    .filter((own) => !isTerminating(own));
  const multi = informers
    .of(multiKeyListener)
    .list()
    .filter((own) => !isTerminating(own));
  return [
    ...single.map((own) => ({ of: own.metadata.namespace ?? '', front: frontOfListener(own) })),
    ...multi.map((own) => ({
      of: own.metadata.namespace ?? '',
      front: frontOfMultiKeyListener(own),
    })),
  ].filter(({ of, front }) => of !== namespace && isIP(front.host) !== 0);
}

function placeOf({ host, port }: Front): string {
  return `${host} ${port}`;
}

function rankOf({ created, id }: Front, namespace: string): string {
  return `${created} ${namespace} ${id}`;
}
