namespace OrleansDDM.Contracts.Clusters;

/// <summary>No active silo has the name.</summary>
[GenerateSerializer]
[Alias(Aliases.SiloNotFoundException)]
public sealed class SiloNotFoundException : Exception
{
    /// <summary>Names the silo and those that there are.</summary>
    public SiloNotFoundException(string silo, IEnumerable<string> active)
        : base($"No active silo is called '{silo}'. Active are {string.Join(", ", active)}.")
    {
    }
}
