/** Schema and types of CustomResourceDefinition (apiextensions.k8s.io/v1). */
import { objectSchema } from '../builtin/definition.ts';
import type { Column } from '../definition.ts';
import type { KubeObject } from '../object.ts';
import { anything, array, boolean, dateTime, integer, object, string } from '../schema/build.ts';
import type { Schema, SchemaNode } from '../schema/node.ts';

const atomic = { 'x-kubernetes-list-type': 'atomic' } as const;

/** Names of a kind, as given or as accepted. */
export interface CrdNames {
  plural?: string;
  singular?: string;
  kind?: string;
  listKind?: string;
  shortNames?: string[];
  categories?: string[];
}

/** One version of a kind. */
export interface CrdVersion {
  name?: string;
  served?: boolean;
  storage?: boolean;
  deprecated?: boolean;
  deprecationWarning?: string;
  schema?: { openAPIV3Schema?: SchemaNode };
  subresources?: {
    status?: object;
    scale?: { specReplicasPath?: string; statusReplicasPath?: string; labelSelectorPath?: string };
  };
  additionalPrinterColumns?: {
    name?: string;
    type?: Column['type'];
    format?: string;
    description?: string;
    priority?: number;
    jsonPath?: string;
  }[];
  selectableFields?: { jsonPath?: string }[];
}

/** A condition of a CustomResourceDefinition. */
export interface CrdCondition {
  type: string;
  status: string;
  lastTransitionTime: string;
  reason: string;
  message: string;
}

/** A CustomResourceDefinition. */
export interface CustomResourceDefinition extends KubeObject {
  spec?: {
    group?: string;
    scope?: string;
    names?: CrdNames;
    versions?: CrdVersion[];
    conversion?: { strategy?: string };
    preserveUnknownFields?: boolean;
  };
  status?: {
    conditions?: CrdCondition[];
    acceptedNames?: CrdNames;
    storedVersions?: string[];
  };
}

const texts = (description: string) => array(description, string('A name.'), atomic);

const namesSchema = object('Names of the kind.', {
  optional: {
    plural: string('Name in paths.'),
    singular: string('Name for one; the kind in lower case by default.'),
    kind: string('The kind.'),
    listKind: string('Kind of lists; the kind with List behind it by default.'),
    shortNames: texts('Short names for kubectl.'),
    categories: texts('Groups of kinds for kubectl, such as all.'),
  },
});

const scaleSchema = object('Where the numbers of /scale stand.', {
  optional: {
    specReplicasPath: string('Path of the wished number, below .spec.'),
    statusReplicasPath: string('Path of the present number, below .status.'),
    labelSelectorPath: string('Path of a selector in text form.'),
  },
});

const columnSchema = object('A column of kubectl get.', {
  optional: {
    name: string('Title.'),
    type: string('integer, number, string, boolean or date.'),
    format: string('How to write it.'),
    description: string('What it tells.'),
    priority: integer('0 always shown, above 0 only with -o wide.', { format: 'int32' }),
    jsonPath: string('Simple path of the value.'),
  },
});

const versionSchema = object('A version of the kind.', {
  optional: {
    name: string('Name of the version, such as v1.'),
    served: boolean('Whether clients may use it.'),
    storage: boolean('Whether objects are stored in it; one version is.'),
    deprecated: boolean('Whether clients that use it are warned.'),
    deprecationWarning: string('The warning, in place of the usual one.'),
    schema: object('Schema of the objects.', {
      optional: { openAPIV3Schema: anything('A structural schema.') },
    }),
    subresources: object('What objects have beside themselves.', {
      optional: { status: anything('Set: status is written through /status.'), scale: scaleSchema },
    }),
    additionalPrinterColumns: array('Columns of kubectl get.', columnSchema, atomic),
    selectableFields: array(
      'Fields that field selectors may name.',
      object('A field.', { optional: { jsonPath: string('Simple path of the field.') } }),
      atomic,
    ),
  },
});

const conditionSchema = object('A condition.', {
  optional: {
    type: string('What it is about.'),
    status: string('True, False or Unknown.'),
    lastTransitionTime: dateTime('When it changed last.'),
    reason: string('Why, in one word.'),
    message: string('Why, for people.'),
    observedGeneration: integer('Generation it is about.', { format: 'int64' }),
  },
});

/** Schema of a CustomResourceDefinition. */
export const crdSchema = objectSchema('A kind of your own.', {
  spec: object('The kind.', {
    optional: {
      group: string('API group.'),
      scope: string('Namespaced or Cluster.'),
      names: namesSchema,
      versions: array('Versions of the kind.', versionSchema, atomic),
      conversion: object('How objects come from one version into another.', {
        optional: {
          strategy: string('None: only apiVersion changes.'),
          webhook: anything('Not supported.'),
        },
      }),
      preserveUnknownFields: boolean('Must be false.'),
    },
  }),
  status: object('What became of it.', {
    optional: {
      conditions: array('NamesAccepted, Established, Terminating.', conditionSchema, {
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
      }),
      acceptedNames: namesSchema,
      storedVersions: texts('Versions in which objects may be stored.'),
    },
  }),
}) as Schema<CustomResourceDefinition>;
