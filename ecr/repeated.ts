/** Every value of a list that occurs earlier in it, with both positions. */
export function repeated(
  values: readonly string[],
): { value: string; index: number; first: number }[] {
  return values
    .map((value, index) => ({ value, index, first: values.indexOf(value) }))
    .filter(({ index, first }) => first !== index);
}
