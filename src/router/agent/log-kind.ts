/**
 * Kind of log levels. This router has one logger for all its modules, so the lowest level that any
 * module asks for counts. Modules whose level is not told say nothing.
 * @spec router-protocol 10.3, 11
 */
import type { LogLevel } from '#base/log.ts';
import {
  type Attributes,
  type Entity,
  type EntityKind,
  invalid,
  optionalBoolean,
  optionalText,
  unsupported,
} from './entity.ts';
import { EntityShelf } from './entity-shelf.ts';

/** The module that stands for all others; its entity is always there, so that it can be updated. */
const defaultModule = 'DEFAULT';

/** Levels, lowest first, with the word of skupper-router for each. */
const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
const levels: Readonly<Record<string, LogLevel | undefined>> = {
  trace: 'debug',
  debug: 'debug',
  info: 'info',
  notice: 'info',
  warning: 'warn',
  error: 'error',
  critical: 'error',
};

export class LogKind implements EntityKind {
  readonly type = 'log';
  readonly #setLevel: (level: LogLevel | undefined) => void;
  readonly #shelf = new EntityShelf<undefined>('log');

  /** @param setLevel told the level to write from; undefined when no module asks for one */
  constructor(setLevel: (level: LogLevel | undefined) => void) {
    this.#setLevel = setLevel;
    this.#add({ module: defaultModule, enable: 'default' });
  }

  *entities(): Iterable<Entity> {
    for (const { name } of this.#shelf.items()) yield this.#shelf.show(name, () => ({}));
  }

  /** A module that is there already is changed. */
  create(_name: string | undefined, attributes: Attributes): Entity {
    check(attributes);
    const name = this.#add(attributes);
    this.#apply();
    return this.#shelf.show(name, () => ({}));
  }

  update(identity: string, changes: Attributes): Entity {
    check(changes);
    const { name } = this.#shelf.change(identity, changes);
    this.#apply();
    return this.#shelf.show(name, () => ({}));
  }

  #add(attributes: Attributes): string {
    const module = optionalText(attributes, 'module') ?? defaultModule;
    const name = `log/${module}`;
    if (this.#shelf.get(name) === undefined) this.#shelf.requireFree(name);
    this.#shelf.add({
      name,
      identity: name,
      attributes: { ...attributes, module },
      item: undefined,
    });
    return name;
  }

  #apply(): void {
    const asked = [...this.#shelf.items()].flatMap(({ attributes }) => levelsOf(attributes));
    this.#setLevel(order.find((level) => asked.includes(level)));
  }
}

/** Levels that `enable` names, as `debug`, `info+` or `info,error+`; none for `default`. */
function levelsOf(attributes: Attributes): LogLevel[] {
  const enable = optionalText(attributes, 'enable') ?? 'default';
  return enable.split(',').flatMap((part) => {
    const word = part.trim().replace(/\+$/u, '').toLowerCase();
    if (word === 'default') return [];
    const level = Object.hasOwn(levels, word) ? levels[word] : undefined;
    if (level === undefined) throw invalid('enable', `names an unknown level: ${word}`);
    return [level];
  });
}

/** Lines always have a time and go to standard error. @throws ManagementError */
function check(attributes: Attributes): void {
  levelsOf(attributes);
  if (optionalBoolean(attributes, 'includeTimestamp') === false) {
    throw unsupported('includeTimestamp false');
  }
  if (optionalBoolean(attributes, 'includeSource') === true) {
    throw unsupported('includeSource true');
  }
  const outputFile = optionalText(attributes, 'outputFile') ?? 'stderr';
  if (outputFile !== 'stderr') throw unsupported(`outputFile ${outputFile}`);
}
