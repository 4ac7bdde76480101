/** Schemas and types of Endpoints (core/v1) and EndpointSlice (discovery.k8s.io/v1). */
import type { KubeObject } from '../../object.ts';
import type { Schema } from '../../schema/node.ts';
import { StructSchemas } from '../../struct/schema.ts';
import { structTable } from '../../struct/table.ts';
import { objectSchema } from '../definition.ts';
import { endpointsStructs } from './endpoints-structs.ts';

/** The types that both are made of. */
export const endpointsTable = structTable(endpointsStructs);

const schemas = new StructSchemas(endpointsTable);

interface Port {
  name?: string;
  port?: number;
  protocol?: string;
}

/** An Endpoints, as far as code looks at it. */
export interface Endpoints extends KubeObject {
  subsets?: {
    addresses?: { ip?: string; hostname?: string }[];
    notReadyAddresses?: { ip?: string; hostname?: string }[];
    ports?: Port[];
  }[];
}

/** An EndpointSlice, as far as code looks at it. */
export interface EndpointSlice extends KubeObject {
  addressType?: string;
  endpoints?: { addresses?: string[] }[];
  ports?: Port[];
}

/** Schema of an Endpoints. */
export const endpointsSchema: Schema<Endpoints> = objectSchema(
  'Addresses of the backends of a Service.',
  { ...schemas.of('EndpointsBody').properties },
) as Schema<Endpoints>;

/** Schema of an EndpointSlice. */
export const endpointSliceSchema: Schema<EndpointSlice> = objectSchema(
  'Some of the addresses of the backends of a Service.',
  { ...schemas.of('EndpointSliceBody').properties },
) as Schema<EndpointSlice>;
