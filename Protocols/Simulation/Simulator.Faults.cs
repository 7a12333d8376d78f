using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Simulation;

/// <content>What the plan does to peers.</content>
public sealed partial class Simulator
{
    private void Apply(Fault fault, SimulatedPeer peer)
    {
        switch (fault.Kind)
        {
            case FaultKind.Crash:
                Stop(peer);
                break;
            case FaultKind.Leave when peer.Up:
                Handle(peer, new Input.Message(peer.Id, new LeaveRequest()));
                Stop(peer);
                break;
            case FaultKind.Restart when !peer.Up && peer.Saved is { } saved:
                peer.State = _protocol.Create(_setups[peer.Index]);
                Handle(peer, new Input.Recover(_codec.DecodeDurable(_codec.Encode(saved))));
                break;
            case FaultKind.Restart or FaultKind.RestartEmpty or FaultKind.Join when !peer.Up:
                Forgotten += peer.Saved is null ? 0 : 1;
                peer.Saved = null;
                peer.Local.Clear();
                peer.LastCompleted = -1;
                Begin(peer, _setups[peer.Index] with { Joining = _ticks > 0 });
                break;
            case FaultKind.Partition:
                peer.Group = _groups + 1;
                break;
            case FaultKind.Heal:
                peer.Group = 0;
                break;
            case FaultKind.Slow:
                peer.Slow = fault.Factor;
                break;
        }
    }

    private void Begin(SimulatedPeer peer, PeerSetup setup)
    {
        peer.State = _protocol.Create(setup);
        At(_ticks, new SimulatedEvent.Due(peer, peer.Life, new Input.Start()));
    }

    private void Stop(SimulatedPeer peer)
    {
        foreach (TrainWork work in peer.Trainings.Values)
        {
            Task.Cancel(work);
        }

        peer.State = null;
        peer.Life++;
        peer.Timers.Clear();
        peer.Trainings.Clear();
        _network.Reset(peer.Index);
    }
}
