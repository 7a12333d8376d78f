using OrleansDDM.Protocols.Machines;
using OrleansDDM.Protocols.Messages;

namespace OrleansDDM.Protocols.Simulation;

/// <content>Messages and models between peers.</content>
public sealed partial class Simulator
{
    private void Send(SimulatedPeer from, Effect.Send send, Dictionary<MessageBody, byte[]> frames)
    {
        if (!frames.TryGetValue(send.Body, out byte[]? frame))
        {
            frames[send.Body] = frame = _codec.Encode(send.Body);
        }

        _counts.Sent(send.Body, frame);
        if (send.To.Value >= (ulong)_peers.Length)
        {
            _counts.Lost++;
            return;
        }

        SimulatedPeer to = _peers[send.To.Value];
        long number = _numbers, modelBytes = 0;
        foreach (ModelHandle model in send.Body.Models)
        {
            RequireLocal(from, model);
            if (to.Group == from.Group && model != Task.InitialModel && !to.Local.Contains(model))
            {
                modelBytes += Task.Bytes(model, to.Local);
                _counts.ModelTransfers++;
            }
        }

        _counts.ModelBytes += modelBytes;
        List<double> arrivals = to.Group == from.Group ? _network.Arrivals(Now, from, to, number, frame.Length, modelBytes) : [];
        _counts.Lost += arrivals.Count == 0 ? 1 : 0;
        byte[] arriving = _network.Frame(frame, Now, number);
        foreach (double arrival in arrivals)
        {
            In(arrival - Now, new SimulatedEvent.Delivery(from, from.Life, to, arriving, send.Body, modelBytes > 0));
        }
    }

    /// <summary>A frame of any origin arrives at a peer now, as if another had sent it. For tests of what must be refused.</summary>
    /// <param name="to">Number of the receiver.</param>
    /// <param name="from">The sender as the transport names it; it must be one of the plan's peers.</param>
    /// <param name="frame">Any bytes.</param>
    public void Inject(int to, PeerId from, byte[] frame) =>
        Deliver(new SimulatedEvent.Delivery(_peers[from.Value], _peers[from.Value].Life, _peers[to], frame, new LeaveRequest(), CarriesModels: false));

    private void Deliver(SimulatedEvent.Delivery delivery)
    {
        SimulatedPeer to = delivery.To;
        if (!to.Up || to.Group != delivery.From.Group || (delivery.CarriesModels && delivery.From.Life != delivery.FromLife))
        {
            _counts.Lost++;
            return;
        }

        if (!_codec.TryDecode(delivery.Frame, out MessageBody? body, out FrameFault fault))
        {
            _counts.Refuse(fault);
            return;
        }

        if (!body.Models.All(Task.Accepts))
        {
            _counts.Refuse(FrameFault.WrongModel);
            return;
        }

        to.Local.UnionWith(body.Models);
        Handle(to, new Input.Message(delivery.From.Id, body));
    }

    private void Fetch(SimulatedPeer peer, Effect.Fetch fetch)
    {
        SimulatedPeer? from = fetch.From.Value < (ulong)_peers.Length ? _peers[fetch.From.Value] : null;
        if (peer.Local.Contains(fetch.Model))
        {
            In(0, new SimulatedEvent.Due(peer, peer.Life, new Input.Fetched(fetch.Work, fetch.Model)));
        }
        else if (from is { Up: true } && from.Group == peer.Group && from.Local.Contains(fetch.Model)
            && _network.Arrivals(Now, from, peer, _numbers, 0, Task.Bytes(fetch.Model)) is [double arrival, ..])
        {
            _counts.ModelBytes += Task.Bytes(fetch.Model);
            _counts.ModelTransfers++;
            peer.Local.Add(fetch.Model);
            In(arrival - Now, new SimulatedEvent.Due(peer, peer.Life, new Input.Fetched(fetch.Work, fetch.Model)));
        }
        else
        {
            In(1, new SimulatedEvent.Due(peer, peer.Life, new Input.FetchFailed(fetch.Work, "the peer does not answer")));
        }
    }
}
