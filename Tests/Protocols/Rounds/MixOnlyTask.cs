using OrleansDDM.Protocols.Simulation;

namespace OrleansDDM.Tests.Protocols.Rounds;

/// <summary>Round 0 gives peer i the model [i]; later rounds change nothing.</summary>
internal sealed class MixOnlyTask() : ArrayTask(new double[1], 0.01, null)
{
    protected override double[] Train(double[] model, TrainWork work) => work.Round == 0 ? [work.Peer] : model;
}
