namespace OrleansDDM.Silos.Local.Faults;

/// <summary>What is made to fail in a silo: the content of its file in the folder <c>Faults:Folder</c>. For <c>ddm chaos</c> and tests only.</summary>
public sealed record FaultPlan
{
    /// <summary>Whether nothing gets through between this silo and the others. Connections stay, as they do when a network drops packets.</summary>
    public bool Cut { get; init; }

    /// <summary>Whether the disk takes no more artifacts.</summary>
    public bool DiskFull { get; init; }

    /// <summary>By how many seconds the silo's clock is wrong.</summary>
    public double ClockSeconds { get; init; }

    /// <summary>
    /// Shortest time of a training step, in milliseconds; 0 = as fast as it goes. With it a silo's work is bound by time and not by the
    /// machine's cores, which the silos of one machine share: one that is away is then missed as on a machine of its own.
    /// </summary>
    public double StepMilliseconds { get; init; }
}
