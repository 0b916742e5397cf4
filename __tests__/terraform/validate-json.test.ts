import { describeValidation } from "../support/validate";

describeValidation("json");
