using OrleansDDM.Experiments.Claims.Dadao;
using OrleansDDM.Experiments.Claims.Dfedsam;
using OrleansDDM.Experiments.Claims.Disaster;
using OrleansDDM.Experiments.Claims.Islands;
using OrleansDDM.Experiments.Claims.Modest;
using OrleansDDM.Experiments.Claims.Variance;
using OrleansDDM.Specs;

namespace OrleansDDM.Experiments.Claims;

/// <summary>The experiments by name.</summary>
public static class ClaimCatalog
{
    private static readonly SortedDictionary<string, Func<string, bool, ClaimExperiment>> Entries = new(StringComparer.Ordinal)
    {
        ["dadao"] = (_, quick) => new DadaoExperiment(DadaoSettings.Of(quick)),
        ["dfedsam"] = (data, quick) => new DfedsamExperiment(DfedsamSettings.Of(data, quick)),
        ["disaster"] = (data, quick) => new DisasterExperiment(DisasterSettings.Of(data, quick)),
        ["islands"] = (data, quick) => new IslandsExperiment(IslandsSettings.Of(data, quick)),
        ["modest"] = (data, quick) => new ModestExperiment(ModestSettings.Of(data, quick)),
        ["variance"] = (data, quick) => new VarianceExperiment(VarianceSettings.Of(data, quick)),
    };

    /// <summary>Names of all experiments.</summary>
    public static IReadOnlyCollection<string> Names => Entries.Keys;

    /// <summary>An experiment.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="data">Name of the data set; experiments on made-up problems need none.</param>
    /// <param name="quick">Shorter runs under the same gates.</param>
    /// <exception cref="SpecException">There is no such experiment.</exception>
    public static ClaimExperiment Create(string name, string data, bool quick) => Entries.TryGetValue(name, out var create)
        ? create(data, quick)
        : throw new SpecException("experiment", $"must be one of {string.Join(", ", Names)}, not '{name}'");
}
