using System.Text.Json;

using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Specs;

namespace OrleansDDM.Grains.Islands;

/// <summary>The protocols of islands, with the options that a run's spec gives them.</summary>
internal static class IslandProtocols
{
    // Turns take milliseconds; a peer that was taken for dead wrongly is back as soon as it is heard.
    private const double PingSeconds = 0.5;
    private const double HeartbeatSeconds = 1;

    // Options that islands.options may not have, and the key to use instead.
    private static readonly Dictionary<string, string> SetElsewhere = new(StringComparer.OrdinalIgnoreCase)
    {
        ["steps"] = "islands.localSteps",
        ["aggregator"] = "islands.aggregation",
        ["sampleSize"] = "islands.sampleSize",
        ["aggregators"] = "islands.aggregators",
        ["successFraction"] = "islands.successFraction",
        ["rounds"] = "training.steps",
    };

    /// <summary>The protocol of a spec.</summary>
    /// <param name="islands">The spec; not <c>isolated</c>, which is none.</param>
    /// <param name="trainSeconds">Seconds of a local training.</param>
    /// <param name="peers">Peers of the island.</param>
    /// <exception cref="SpecException"><see cref="IslandsSpec.Options"/> has what is no option of the protocol, or out of range.</exception>
    public static IProtocol Create(IslandsSpec islands, double trainSeconds, int peers)
    {
        IslandsSpec effective = Effective(islands, peers);
        Dictionary<string, object> options = Options(effective, trainSeconds);
        Add(effective.Options, options);
        try
        {
            return ProtocolCatalog.Create(effective.Protocol, JsonSerializer.SerializeToElement(options));
        }
        catch (SpecException e)
        {
            throw new SpecException("islands.options", $"'{string.Join(',', effective.Options)}' cannot be had with {effective.Protocol}: {e.Message.TrimEnd('.')}");
        }
    }

    /// <summary>The protocol of a spec for what does not depend on its options, such as <see cref="IProtocol.IsShared"/>.</summary>
    /// <param name="islands">The spec; not <c>isolated</c>, which is none.</param>
    /// <param name="peers">Peers of the island.</param>
    public static IProtocol Of(IslandsSpec islands, int peers) => ProtocolCatalog.Create(Effective(islands, peers).Protocol);

    /// <summary>Checks the options before anybody trains.</summary>
    /// <exception cref="SpecException"><see cref="IslandsSpec.Options"/> has what is no option of the protocol, or out of range.</exception>
    public static void Check(IslandsSpec islands)
    {
        if (islands.Peers > 0 && islands.Protocol != "isolated")
        {
            _ = Create(islands, trainSeconds: 1, peers: 2);
        }
    }

    // A peer of gossip that is alone from the first waits for nobody.
    private static IslandsSpec Effective(IslandsSpec islands, int peers) =>
        islands.Protocol == "gossip" && peers == 1 ? islands with { Protocol = "dpsgd", Options = [] } : islands;

    private static Dictionary<string, object> Options(IslandsSpec islands, double trainSeconds)
    {
        Dictionary<string, object> options = new(StringComparer.OrdinalIgnoreCase)
        {
            ["steps"] = islands.LocalSteps,
            ["aggregator"] = new { rule = islands.Aggregation },
        };
        switch (islands.Protocol)
        {
            case "modest":
                options["sampleSize"] = islands.SampleSize;
                options["aggregators"] = islands.Aggregators;
                options["successFraction"] = islands.SuccessFraction;
                options["pingSeconds"] = PingSeconds;
                options["heartbeatSeconds"] = HeartbeatSeconds;
                break;
            case "gossip":
                options["periodSeconds"] = trainSeconds;
                break;
            case "fedavg":
                options["sampleSize"] = islands.SampleSize;
                options["successFraction"] = islands.SuccessFraction;
                break;
        }

        return options;
    }

    private static void Add(IEnumerable<string> more, Dictionary<string, object> options)
    {
        HashSet<string> seen = new(StringComparer.OrdinalIgnoreCase);
        foreach (string line in more)
        {
            string[] parts = line.Split('=', 2, StringSplitOptions.TrimEntries);
            if (SetElsewhere.TryGetValue(parts[0], out string? key) || !seen.Add(parts[0]))
            {
                throw new SpecException("islands.options", key is null ? $"gives {parts[0]} twice; keep one of them" : $"cannot set {parts[0]}: set {key} instead");
            }

            options[parts[0]] = Value(parts[1]);
        }
    }

    private static JsonElement Value(string text)
    {
        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            return JsonSerializer.SerializeToElement(text);
        }
    }
}
