namespace OrleansDDM.Benchmarks.Islands;

/// <summary>What peers on grains have taken since their processes started.</summary>
/// <param name="Cpu">Processor seconds.</param>
/// <param name="Training">Of them, local training.</param>
/// <param name="Slot">Of them, the slots' threads, training included.</param>
/// <param name="Compiling">Seconds of just-in-time compiling by the clock: where processes share cores, more than processor seconds.</param>
internal sealed record PeersUse(double Cpu, double Training, double Slot, double Compiling)
{
    /// <summary>What is not local training.</summary>
    public double Rest => Cpu - Training;

    public static PeersUse operator +(PeersUse a, PeersUse b) =>
        new(a.Cpu + b.Cpu, a.Training + b.Training, a.Slot + b.Slot, a.Compiling + b.Compiling);

    public static PeersUse operator -(PeersUse a, PeersUse b) =>
        new(a.Cpu - b.Cpu, a.Training - b.Training, a.Slot - b.Slot, a.Compiling - b.Compiling);
}
