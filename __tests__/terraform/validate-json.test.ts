import { describeValidation } from "./validate";

describeValidation("json");
