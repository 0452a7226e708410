import type { MakeError } from "@seg/errors";
import * as tf from "@tensorflow/tfjs";
import { oneOf, optionError } from "../errors.ts";

/** How TF.js writes an initializer, regularizer or constraint down. */
interface Written {
  className: string;
  config: tf.serialization.ConfigDict;
}

type Initializer = ReturnType<typeof tf.initializers.zeros>;
type Regularizer = ReturnType<typeof tf.regularizers.l2>;
type Constraint = ReturnType<typeof tf.constraints.nonNeg>;

interface Kinds {
  initializer: Initializer;
  regularizer: Regularizer;
  constraint: Constraint;
}

/** Such a thing as TF.js's layers take it: itself, its name, or what was written down of it. */
type Given<Kind extends keyof Kinds> = Kinds[Kind] | Written | string | null;

/** An initializer: an object such as `tf.initializers.ones()`, or its name. */
export type InitializerArg = Given<"initializer">;
/** A regularizer: an object such as `tf.regularizers.l2()`, or its name. */
export type RegularizerArg = Given<"regularizer">;
/** A constraint: an object such as `tf.constraints.nonNeg()`, or its name. */
export type ConstraintArg = Given<"constraint">;

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
  value: Given<Kind> | undefined,
  makeError: MakeError = optionError,
): Kinds[Kind] | undefined {
  if (value == null) return undefined;
  if (value instanceof tf.serialization.Serializable) return value as Kinds[Kind];
  const { className, config } = typeof value === "string" ? { className: value, config: {} } : (value as Written);
  if (typeof className !== "string") {
    const line = { expected: `${option}: a name or an object of tf.${kind}s`, received: typeof value };
    throw makeError(line, { option, nearest: undefined });
  }
  const registered = tf.serialization.SerializationMap.getMap().classNameMap[className];
  if (registered) return registered[1](registered[0], config ?? {}) as unknown as Kinds[Kind];
  const names = Object.keys(FACTORIES[kind]);
  const name =
    names.find((own) => own.toLowerCase() === className.toLowerCase()) ?? oneOf(option, className, names, makeError);
  return FACTORIES[kind][name]!(config ?? {}) as unknown as Kinds[Kind];
}

/** An option in the form in which it can be saved; absent where it is not given. */
export function written(options: Record<string, tf.serialization.Serializable | undefined>): Record<string, Written> {
  return Object.fromEntries(
    Object.entries(options).flatMap(([option, value]) =>
      value ? [[option, { className: value.getClassName(), config: value.getConfig() }]] : [],
    ),
  );
}
