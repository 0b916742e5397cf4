import { isScheduleExpression } from "../../../ecr/environment/schedule-expression";

test.each([
  "rate(1 minute)",
  "rate(5 minutes)",
  "rate(1 hour)",
  "rate(12 hours)",
  "rate(1 day)",
  "rate(7 days)",
  "cron(0 3 * * ? *)",
  "cron(15 10 ? * 6L 2026-2030)",
  "cron(0 18 ? * MON-FRI *)",
  "cron(0/15 8-17 ? * MON,WED,FRI *)",
  "cron(0 8 1 * ? *)",
  "cron(0 8 L * ? *)",
  "cron(0 8 LW JAN,JUL ? *)",
  "cron(0 8 3W 1/3 ? *)",
  "cron(0 8 ? * TUE#2 2199)",
  "cron(*/10 * ? * 2-6 *)",
])("the schedule %s is one that EventBridge accepts", (expression) => {
  expect(isScheduleExpression(expression)).toBe(true);
});

test.each([
  "",
  "daily",
  "rate(1 days)",
  "rate(2 day)",
  "rate(0 minutes)",
  "rate(-1 days)",
  "rate(1.5 hours)",
  "rate(1 week)",
  "rate( 1 day)",
  "rate(1 day) ",
  "RATE(1 day)",
  "cron(0 3 * * *)",
  "cron(0 3 * * ? * *)",
  "cron(0 3 * * * *)",
  "cron(0 3 ? * ? *)",
  "cron(60 3 * * ? *)",
  "cron(0 24 * * ? *)",
  "cron(0 3 0 * ? *)",
  "cron(0 3 32 * ? *)",
  "cron(0 3 * 13 ? *)",
  "cron(0 3 ? * 8 *)",
  "cron(0 3 ? * XYZ *)",
  "cron(0 3 * * ? 1969)",
  "cron(? 3 * * ? *)",
  "cron(0 3 L * MON *)",
  "cron(L 3 * * ? *)",
  "cron(0/0 3 * * ? *)",
  "cron(0-5-9 3 * * ? *)",
  "cron(0,,5 3 * * ? *)",
  "cron(0  3 * * ? *)",
])("the schedule %j is one that EventBridge refuses", (expression) => {
  expect(isScheduleExpression(expression)).toBe(false);
});
