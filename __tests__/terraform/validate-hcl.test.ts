import { describeValidation } from "../support/validate";

describeValidation("hcl");
