# Whether a synthesized stack may be planned with credentials although a stranger may have written it. A plan runs
# providers, data sources and functions, so only those are allowed that this project's stacks use.
#
#     jq -e -f planned-stack.jq cdk.tf.json > /dev/null

def only($allowed): (. // {} | keys) - $allowed == [];

# Neither modules nor provisioners, nor any provider but one.
only(["//", "terraform", "provider", "variable", "data", "resource", "import", "removed",
  "output"])
and (.terraform | only(["backend", "cloud", "required_providers", "required_version"]))
and (.terraform.required_providers | only(["aws"]))
and (.terraform.required_providers.aws.source | IN("aws", "hashicorp/aws"))
and (.provider | only(["aws"]))
and ([.provider.aws[] | only(["alias", "region", "allowed_account_ids", "default_tags", "profile",
  "assume_role"])] | all)
# Which roles a plan may assume is for the IAM policy of the role that plans.
and ([.provider.aws[].assume_role // [] | .[] | only(["role_arn", "external_id", "session_name"])] | all)
and (.data | only(["aws_secretsmanager_secret", "aws_secretsmanager_secrets"]))
and ([.resource // {} | keys[] | startswith("aws_")] | all)
and ([.. | objects | has("provisioner") or has("connection")] | any | not)
# Functions such as file() would read the runner's files, its credentials among them.
and ([.. | strings | select(test("[$%]\\{")) | scan("([a-z_0-9:]+)\\s*\\(") | .[0]]
  - ["contains", "flatten", "join", "jsondecode", "jsonencode", "length", "setsubtract", "try"] == [])
