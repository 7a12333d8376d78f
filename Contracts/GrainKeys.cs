namespace OrleansDDM.Contracts;

/// <summary>
/// Keys of the grains. None is bare hex: the storage provider would read such a key as a number and let two keys share one row.
/// </summary>
public static class GrainKeys
{
    private const string RunPrefix = "run/";

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
