import { App } from "cdktf";
import { environments } from "./environments";
import { addStacks } from "./stacks";

const app = new App();
addStacks(app, environments);
app.synth();
