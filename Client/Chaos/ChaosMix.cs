namespace OrleansDDM.Client.Chaos;

/// <summary>Which faults a soak injects.</summary>
public enum ChaosMix
{
    /// <summary>Silos are killed.</summary>
    Kill,

    /// <summary>Silos hang or are cut off.</summary>
    Hang,

    /// <summary>Everything that leaves some of the silos.</summary>
    All,

    /// <summary>None, but all cores of the machine are busy: nobody may be taken for dead.</summary>
    Load,
}
