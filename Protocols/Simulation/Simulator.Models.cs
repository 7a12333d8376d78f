using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Simulation;

/// <content>Which models are where, and which may be forgotten.</content>
public sealed partial class Simulator
{
    private void RequireLocal(SimulatedPeer peer, ModelHandle model)
    {
        if (!peer.Local.Contains(model) && model != Task.InitialModel)
        {
            throw Broken(peer, $"model {model} is used but not local");
        }
    }

    private void DropUnusedModels()
    {
        HashSet<ModelHandle>[] own = [.. _peers.Select(p => new HashSet<ModelHandle>(
            [.. p.State?.Models ?? [], .. p.Saved?.Models ?? [], .. p.Trainings.Values.Select(t => t.Model)]))];
        HashSet<ModelHandle> live = [];
        foreach ((SimulatedEvent waiting, _) in _queue.UnorderedItems)
        {
            switch (waiting)
            {
                case SimulatedEvent.Due { Input: Input.Aggregated aggregated } due:
                    own[due.Peer.Index].Add(aggregated.Model);
                    break;
                case SimulatedEvent.Due { Input: Input.Fetched fetched } due:
                    own[due.Peer.Index].Add(fetched.Model);
                    break;
                case SimulatedEvent.Due { Input: Input.Message message } due:
                    own[due.Peer.Index].UnionWith(message.Body.Models);
                    break;
                case SimulatedEvent.Delivery delivery:
                    live.UnionWith(delivery.Sent.Models);
                    break;
            }
        }

        foreach (SimulatedPeer peer in _peers)
        {
            peer.Local.IntersectWith(own[peer.Index]);
            live.UnionWith(own[peer.Index]);
        }

        Task.Retain(live);
    }
}
