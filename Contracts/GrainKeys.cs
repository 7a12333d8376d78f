namespace OrleansDDM.Contracts;

/// <summary>
/// Keys of the grains. None is bare hex: the storage provider would read such a key as a number and let two keys share one row.
/// </summary>
public static class GrainKeys
{
    private const string RunPrefix = "run/";
    private const string SolvePrefix = "solve/";

    /// <summary>Role of the peers of a solve.</summary>
    public const string SolveRole = "solve";

    /// <summary>Key of the grain that serves artifacts to clients: <c>artifacts</c>.</summary>
    public const string Artifacts = "artifacts";

    /// <summary><c>run/NAME</c>.</summary>
    public static string Run(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return RunPrefix + name;
    }

    /// <summary><c>model/NAME/ROLE</c>, with a role of <c>expert-N</c> or <c>router</c>.</summary>
    public static string Model(string run, string role)
    {
        ArgumentException.ThrowIfNullOrEmpty(run);
        ArgumentException.ThrowIfNullOrEmpty(role);
        return $"model/{run}/{role}";
    }

    /// <summary><c>host-plan/NAME</c>.</summary>
    public static string HostPlan(string run)
    {
        ArgumentException.ThrowIfNullOrEmpty(run);
        return "host-plan/" + run;
    }

    /// <summary><c>peer/NAME/ROLE/NUMBER/HOST</c>: the host is part of the key, as the peer cannot be anywhere else.</summary>
    /// <param name="run">Name of the run.</param>
    /// <param name="role"><c>expert-N</c>, <c>router</c> or <c>solve</c>.</param>
    /// <param name="number">Number of the peer in the run.</param>
    /// <param name="host">Name of the silo on the host of the peer's data.</param>
    public static string Peer(string run, string role, int number, string host)
    {
        ArgumentException.ThrowIfNullOrEmpty(run);
        ArgumentException.ThrowIfNullOrEmpty(role);
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentException.ThrowIfNullOrEmpty(host);
        return string.Create(System.Globalization.CultureInfo.InvariantCulture, $"peer/{run}/{role}/{number}/{host}");
    }

    /// <summary>The parts of a key of <see cref="Peer"/>.</summary>
    /// <exception cref="FormatException">It is not such a key.</exception>
    public static (string Run, string Role, int Number, string Host) PeerName(string key) =>
        key?.Split('/', 5) is ["peer", { Length: > 0 } run, { Length: > 0 } role, { } number, { Length: > 0 } host]
        && int.TryParse(number, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out int value)
            ? (run, role, value, host)
            : throw new FormatException($"'{key}' is not a peer's key; it is 'peer/NAME/ROLE/NUMBER/HOST'.");

    /// <summary><c>solve/NAME</c>.</summary>
    public static string Solve(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        return SolvePrefix + name;
    }

    /// <summary>The name in a key of <see cref="Solve"/>.</summary>
    /// <exception cref="FormatException">It is not such a key.</exception>
    public static string SolveName(string key) =>
        key is not null && key.StartsWith(SolvePrefix, StringComparison.Ordinal) && key.Length > SolvePrefix.Length
            ? key[SolvePrefix.Length..]
            : throw new FormatException($"'{key}' is not a solve's key; it is 'solve/NAME'.");

    /// <summary><c>sample/ID</c>; one id per request.</summary>
    public static string Sample(string id)
    {
        ArgumentException.ThrowIfNullOrEmpty(id);
        return "sample/" + id;
    }

    /// <summary>The name in a key of <see cref="Run"/>.</summary>
    /// <exception cref="FormatException">It is not such a key.</exception>
    public static string RunName(string key) =>
        key is not null && key.StartsWith(RunPrefix, StringComparison.Ordinal) && key.Length > RunPrefix.Length
            ? key[RunPrefix.Length..]
            : throw new FormatException($"'{key}' is not a run's key; it is 'run/NAME'.");

    /// <summary>The run and the role in a key of <see cref="Model"/>.</summary>
    /// <exception cref="FormatException">It is not such a key.</exception>
    public static (string Run, string Role) ModelName(string key) =>
        key?.Split('/') is ["model", { Length: > 0 } run, { Length: > 0 } role]
            ? (run, role)
            : throw new FormatException($"'{key}' is not a model's key; it is 'model/NAME/ROLE'.");
}
