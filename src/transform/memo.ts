/** Remembers what was derived from an arguments object, so that a row costs no preparation. */
export function memo<Args extends object, Key, Value>(
  derive: (args: Args, key: Key) => Value,
): (args: Args, key: Key) => Value {
  const seen = new WeakMap<Args, Map<Key, Value>>();
  return (args, key) => {
    let values = seen.get(args);
    if (values === undefined) seen.set(args, (values = new Map<Key, Value>()));
    let value = values.get(key);
    if (value === undefined) values.set(key, (value = derive(args, key)));
    return value;
  };
}
