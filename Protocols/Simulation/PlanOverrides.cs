using System.Text.Json;
using System.Text.Json.Nodes;

using OrleansDDM.Specs;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>Changes single keys of a plan, as <c>--set</c> does: <c>protocol.steps=10</c>, <c>network.loss=0.1</c>, <c>task.rate=0.5</c>.</summary>
public static class PlanOverrides
{
    private const string Protocol = "protocol";

    /// <summary>The plan with these keys changed; ranges of the plan and of the protocol's options are checked.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="overrides"><c>key=value</c>; a value is JSON, or else a string. Keys under <c>protocol.</c> are the protocol's options.</param>
    /// <exception cref="SpecException">No such key, or a value that it cannot have.</exception>
    public static SimulationPlan Apply(SimulationPlan plan, IEnumerable<string> overrides)
    {
        JsonObject root = JsonNode.Parse(plan.Write())!.AsObject();
        foreach (string line in overrides)
        {
            int equals = line.IndexOf('=', StringComparison.Ordinal);
            string[] path = equals > 0 ? line[..equals].Split('.') : [];
            if (path.Length == 0 || path.Any(p => p.Length == 0) || (path[0] == Protocol && path.Length == 1))
            {
                throw new SpecException("--set", $"must be KEY=VALUE with a key like protocol.steps, network.loss or task.rate, not '{line}'");
            }

            if (path[0] == Protocol)
            {
                path[0] = "options";
            }

            JsonObject group = root;
            foreach (string name in path[..^1])
            {
                if (group[name] is not JsonObject inner)
                {
                    group[name] = inner = [];
                }

                group = inner;
            }

            group[path[^1]] = Value(line[(equals + 1)..]);
        }

        SimulationPlan changed = SimulationPlan.Read(root.ToJsonString());
        _ = Rounds.ProtocolCatalog.Create(changed.Protocol, changed.Options);
        return changed;
    }

    private static JsonNode? Value(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }
}
