import { discoverMirror } from "./provider-mirror";
import { terraformProduct } from "./terraform-program";

/*
 * For .ci/run: prints the installed mirror of the AWS provider that the tests and the sandbox would use, if there is one.
 */

const mirror = discoverMirror(terraformProduct().registry);
if (mirror !== undefined) console.log(mirror);
