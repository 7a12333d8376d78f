using System.Globalization;
using System.Text.RegularExpressions;

using OrleansDDM.Learning.Data;
using OrleansDDM.Protocols.Rounds;
using OrleansDDM.Specs;

namespace OrleansDDM.Client.Runs;

/// <summary>Makes the effective spec of a run: preset or file, then <c>--set</c>, then flags.</summary>
internal static partial class SpecSource
{
    /// <summary>The effective spec.</summary>
    /// <param name="preset">Where to start when there is no file.</param>
    /// <param name="file">A spec's JSON file, or null.</param>
    /// <param name="overrides"><c>key=value</c> lines.</param>
    /// <param name="name">Name of the run, or null.</param>
    /// <param name="seed">Seed, or null.</param>
    /// <exception cref="CliException">The file cannot be read.</exception>
    /// <exception cref="SpecException">The spec breaks a rule, or <paramref name="overrides"/> choose a graph for a protocol without one.</exception>
    public static RunSpec Read(RunSpec preset, string? file, IEnumerable<string> overrides, string? name, ulong? seed)
    {
        string json = file is null ? SpecJson.Write(preset) : ReadFile(file);
        IEnumerable<string> flags =
        [
            .. overrides,
            .. name is null ? Array.Empty<string>() : ["name=" + name],
            .. seed is null ? Array.Empty<string>() : ["seed=" + seed.Value.ToString(CultureInfo.InvariantCulture)],
        ];
        RunSpec spec = SpecJson.Read(json, flags);
        RefuseUnusedTopology(spec.Islands, overrides);
        return spec;
    }

    // A spec always has a topology, used or not; who sets one on the command line means it.
    private static void RefuseUnusedTopology(IslandsSpec islands, IEnumerable<string> overrides)
    {
        string? given = overrides.Select(line => line.Split('=')[0]).FirstOrDefault(key => key.StartsWith("islands.topology", StringComparison.OrdinalIgnoreCase));
        if (given is not null && !HasGraph(islands.Protocol))
        {
            throw new SpecException(
                given, $"is not used by {islands.Protocol}, whose peers know no graph; leave it out, or choose --protocol {string.Join(", ", IslandsSpec.Protocols.Where(HasGraph))}");
        }
    }

    private static bool HasGraph(string protocol) => protocol != "isolated" && ProtocolCatalog.Create(protocol).NeedsTopology;

    /// <summary>A known name as it is; a path as an absolute one, so that the run can be resumed from any folder.</summary>
    public static string? DataOf(string? data) =>
        data is null || DatasetCatalog.KnownNames.Contains(data) || !Path.Exists(data) ? data : Path.GetFullPath(data);

    /// <summary>A run's name made of a data set's name or path.</summary>
    public static string NameOf(string data)
    {
        string name = Unfit().Replace(Path.GetFileName(data.TrimEnd('/', '\\')), "-").TrimStart('.');
        return name.Length == 0 ? "run" : name[..Math.Min(name.Length, 64)];
    }

    private static string ReadFile(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitCode.BadConfiguration, $"The spec '{file}' cannot be read: {e.Message}");
        }
    }

    [GeneratedRegex("[^A-Za-z0-9_.-]+")]
    private static partial Regex Unfit();
}
