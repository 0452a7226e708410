// Every changeset must name packages that exist, and no package may go out without its first changeset.
import getReleasePlan from "@changesets/get-release-plan";
import { publishable, root } from "./packages.mjs";

const { releases } = await getReleasePlan(root).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
const announced = new Set(releases.filter((release) => release.type !== "none").map((release) => release.name));
const forgotten = publishable()
  .filter(({ manifest }) => manifest.version === "0.0.0" && !announced.has(manifest.name))
  .map(({ manifest }) => manifest.name);

if (forgotten.length > 0) {
  console.error(
    `Expected a changeset for the first release of ${forgotten.join(", ")}: add one with \`pnpm changeset\`.`,
  );
  process.exitCode = 1;
} else {
  console.log(`${announced.size} packages have changes to release.`);
}
