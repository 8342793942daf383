//! How a file of higher rank is laid over one of lower rank.

use serde_json::{Map, Value};

/// What becomes of a key that both have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    /// Objects are merged key by key; anything else is replaced.
    Deep,
    /// Lists are joined; what is in both stands once.
    Union,
    /// Lists are joined as they are.
    Concat,
    /// Entries of an object replace entries of the same name whole.
    Entries,
    /// Replaced whole.
    Whole,
}

/// Keys with a rule of their own; `*` is any last part.
const RULES: &[(&str, Rule)] = &[
    ("permissions.allow", Rule::Union),
    ("permissions.ask", Rule::Union),
    ("permissions.deny", Rule::Union),
    ("permissions.autoMode.hints.*", Rule::Union),
    ("permissions.autoMode.environment", Rule::Union),
    ("tools.exclude", Rule::Union),
    ("tools.disabled", Rule::Union),
    ("tools.visible", Rule::Union),
    ("skills.*", Rule::Union),
    ("slashCommands.disabled", Rule::Union),
    ("advanced.excludedEnvVars", Rule::Union),
    ("hooks.*", Rule::Concat),
    ("context.includeDirectories", Rule::Concat),
    ("mcp.allowed", Rule::Concat),
    ("mcp.excluded", Rule::Concat),
    ("mcpServers", Rule::Entries),
    ("env", Rule::Entries),
    ("channels", Rule::Entries),
    ("modelProviders", Rule::Whole),
    ("providerProtocol", Rule::Whole),
];

/// Lays `over` on top of `base`.
pub(super) fn merge(base: &mut Map<String, Value>, over: &Map<String, Value>) {
    merge_at("", base, over);
}

fn merge_at(path: &str, base: &mut Map<String, Value>, over: &Map<String, Value>) {
    for (key, value) in over {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let Some(below) = base.get_mut(key) else {
            base.insert(key.clone(), value.clone());
            continue;
        };
        match (rule(&path), below, value) {
            (Rule::Deep, Value::Object(below), Value::Object(value)) => merge_at(&path, below, value),
            (Rule::Union, Value::Array(below), Value::Array(value)) => {
                let fresh: Vec<Value> = value.iter().filter(|item| !below.contains(item)).cloned().collect();
                below.extend(fresh);
            }
            (Rule::Concat, Value::Array(below), Value::Array(value)) => below.extend(value.iter().cloned()),
            (Rule::Entries, Value::Object(below), Value::Object(value)) => {
                below.extend(value.iter().map(|(name, entry)| (name.clone(), entry.clone())));
            }
            (Rule::Deep | Rule::Union | Rule::Concat | Rule::Entries | Rule::Whole, below, value) => {
                *below = value.clone();
            }
        }
    }
}

fn rule(path: &str) -> Rule {
    let covers = |pattern: &str| match pattern.strip_suffix('*') {
        Some(prefix) => path.strip_prefix(prefix).is_some_and(|rest| !rest.contains('.')),
        None => pattern == path,
    };
    RULES.iter().find(|(pattern, _)| covers(pattern)).map_or(Rule::Deep, |(_, rule)| *rule)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merged(base: Value, over: Value) -> Value {
        let (Value::Object(mut base), Value::Object(over)) = (base, over) else { return Value::Null };
        merge(&mut base, &over);
        Value::Object(base)
    }

    #[test]
    fn objects_are_merged_and_everything_else_is_replaced() {
        let base = json!({"ui": {"theme": "a", "hideTips": true}, "context": {"fileName": ["A"]}, "n": 1});
        let over = json!({"ui": {"theme": "b"}, "context": {"fileName": ["B"]}, "n": {"x": 1}});
        let expected = json!({"ui": {"theme": "b", "hideTips": true}, "context": {"fileName": ["B"]}, "n": {"x": 1}});
        assert_eq!(merged(base, over), expected);
    }

    #[test]
    fn lists_of_rules_are_united_and_lists_of_hooks_joined() {
        let base = json!({
            "permissions": {"allow": ["a", "b"], "autoMode": {"hints": {"allow": ["x"]}}},
            "hooks": {"Stop": [1]}, "skills": {"disabled": ["s"]},
        });
        let over = json!({
            "permissions": {"allow": ["b", "c"], "autoMode": {"hints": {"allow": ["y"]}}},
            "hooks": {"Stop": [1]}, "skills": {"disabled": ["t"]},
        });
        let expected = json!({
            "permissions": {"allow": ["a", "b", "c"], "autoMode": {"hints": {"allow": ["x", "y"]}}},
            "hooks": {"Stop": [1, 1]}, "skills": {"disabled": ["s", "t"]},
        });
        assert_eq!(merged(base, over), expected);
    }

    #[test]
    fn servers_are_replaced_one_by_one_and_providers_all_at_once() {
        let base = json!({
            "mcpServers": {"a": {"command": "x", "args": [1]}, "b": {"command": "y"}},
            "modelProviders": {"p": [1], "q": [2]},
        });
        let over = json!({"mcpServers": {"a": {"command": "z"}}, "modelProviders": {"p": [3]}});
        let expected = json!({
            "mcpServers": {"a": {"command": "z"}, "b": {"command": "y"}}, "modelProviders": {"p": [3]},
        });
        assert_eq!(merged(base, over), expected);
    }

    #[test]
    fn a_list_laid_over_something_else_replaces_it() {
        assert_eq!(
            merged(json!({"permissions": {"allow": "x"}}), json!({"permissions": {"allow": ["a"]}})),
            json!({"permissions": {"allow": ["a"]}})
        );
    }
}
