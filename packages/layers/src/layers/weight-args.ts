import type { MakeError } from "@seg/errors";
import * as tf from "@tensorflow/tfjs";
import { oneOf, optionError } from "../errors.ts";

type Initializer = ReturnType<typeof tf.initializers.zeros>;
type Regularizer = ReturnType<typeof tf.regularizers.l2>;
type Constraint = ReturnType<typeof tf.constraints.nonNeg>;

/** What TF.js writes down of an initializer, regularizer or constraint. */
export interface SerializedArg {
  className: string;
  config: tf.serialization.ConfigDict;
}

/** An initializer: an object such as `tf.initializers.ones()`, its name, or what was written down of it. */
export type InitializerArg = ReturnType<typeof tf.initializers.zeros> | SerializedArg | string | null;
/** A regularizer: an object such as `tf.regularizers.l2()`, its name, or what was written down of it. */
export type RegularizerArg = ReturnType<typeof tf.regularizers.l2> | SerializedArg | string | null;
/** A constraint: an object such as `tf.constraints.nonNeg()`, its name, or what was written down of it. */
export type ConstraintArg = ReturnType<typeof tf.constraints.nonNeg> | SerializedArg | string | null;

interface Kinds {
  initializer: { arg: InitializerArg; object: Initializer };
  regularizer: { arg: RegularizerArg; object: Regularizer };
  constraint: { arg: ConstraintArg; object: Constraint };
}

const FACTORIES = {
  initializer: tf.initializers,
  regularizer: tf.regularizers,
  constraint: tf.constraints,
} as unknown as Record<keyof Kinds, Record<string, (config: object) => tf.serialization.Serializable>>;

/**
 * The object that an option stands for.
 *
 * @throws {LayersError} `option` for a name that TF.js does not know, and for anything else; or what `makeError` makes.
 */
export function resolve<Kind extends keyof Kinds>(
  kind: Kind,
  option: string,
  value: Kinds[Kind]["arg"] | undefined,
  makeError: MakeError = optionError,
): Kinds[Kind]["object"] | undefined {
  if (value == null) return undefined;
  if (value instanceof tf.serialization.Serializable) {
    if (isKind(value, kind)) return value as Kinds[Kind]["object"];
    const line = { expected: `${option}: one of tf.${kind}s`, received: value.getClassName() };
    throw makeError(line, { option, nearest: undefined });
  }
  const { className, config } = typeof value === "string" ? { className: value, config: {} } : (value as SerializedArg);
  if (typeof className !== "string") {
    const line = { expected: `${option}: a name or an object of tf.${kind}s`, received: typeof value };
    throw makeError(line, { option, nearest: undefined });
  }
  const names = Object.keys(FACTORIES[kind]);
  const name = names.find((own) => own.toLowerCase() === className.toLowerCase());
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const registered = !name && Object.hasOwn(classNameMap, className) ? classNameMap[className] : undefined;
  // A class of one's own; TF.js keeps layers and optimizers in the same list.
  if (registered && isKind(registered[0].prototype, kind)) {
    return registered[1](registered[0], config ?? {}) as unknown as Kinds[Kind]["object"];
  }
  const known = name ?? oneOf(option, className, names, makeError);
  try {
    return FACTORIES[kind][known]!(config ?? {}) as unknown as Kinds[Kind]["object"];
  } catch (error) {
    const received = `${className}: ${(error as Error).message.split("\n")[0]}`;
    throw makeError({ expected: `${option} with all that it needs`, received }, { option, nearest: undefined });
  }
}

/** Whether something can be used so: it can be applied, and TF.js has none of its name of another kind. */
function isKind(value: object, kind: keyof Kinds): boolean {
  const others = (Object.keys(FACTORIES) as (keyof Kinds)[]).filter((other) => other !== kind);
  const name = (value as tf.serialization.Serializable).getClassName?.().toLowerCase();
  const isOther = others.some((other) => Object.keys(FACTORIES[other]).some((own) => own.toLowerCase() === name));
  return "apply" in value && !(value instanceof tf.layers.Layer) && !isOther;
}

/** An option in the form in which it can be saved; absent where it is not given. */
export function written(
  options: Record<string, tf.serialization.Serializable | undefined>,
): Record<string, SerializedArg> {
  return Object.fromEntries(
    Object.entries(options).flatMap(([option, value]) =>
      value ? [[option, { className: value.getClassName(), config: value.getConfig() }]] : [],
    ),
  );
}
