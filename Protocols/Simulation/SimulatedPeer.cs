using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Simulation;

/// <summary>A peer in the simulation: its state machine's state and what its host would hold for it.</summary>
/// <param name="index">Number in the plan.</param>
internal sealed class SimulatedPeer(int index)
{
    internal int Index { get; } = index;

    internal PeerId Id { get; } = new((ulong)index);

    internal PeerState? State { get; set; }

    internal bool Up => State is not null;

    /// <summary>Rises at every stop: what belongs to an earlier life is dropped.</summary>
    internal int Life { get; set; }

    internal DurableState? Saved { get; set; }

    internal HashSet<ModelHandle> Local { get; } = [];

    internal Dictionary<TimerId, long> Timers { get; } = [];

    internal Dictionary<long, TrainWork> Trainings { get; } = [];

    internal double Slow { get; set; } = 1;

    internal int Group { get; set; }

    internal long LastCompleted { get; set; } = -1;
}
