/**
 * Counts the members of all objects of a JSON text, without parsing it: members of one name count each, of which `JSON.parse` keeps the last.
 *
 * @param deepest - How many lists and objects may lie in each other.
 * @returns undefined where there are more, before any memory is taken.
 */
export function countMembers(text: string, deepest: number): number | undefined {
  let depth = 0;
  let members = 0;
  let isText = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isText) {
      if (character === "\\") at++;
      else if (character === '"') isText = false;
    } else if (character === '"') isText = true;
    else if (character === ":") members++;
    else if (character === "]" || character === "}") depth--;
    else if ((character === "[" || character === "{") && ++depth > deepest) return undefined;
  }
  return members;
}
