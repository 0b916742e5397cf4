import { describeValidation } from "./validate";

describeValidation("hcl");
