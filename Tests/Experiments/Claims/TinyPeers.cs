using OrleansDDM.Experiments.Claims.Peers;
using OrleansDDM.Learning.Classification;
using OrleansDDM.Learning.Data;

namespace OrleansDDM.Tests.Experiments.Claims;

/// <summary>Peers with drawn shapes, which need no files.</summary>
internal sealed class TinyPeers : IDisposable
{
    internal TinyPeers(int peers, LocalStep step, ulong seed = 5, double alpha = 0, float rate = 0.05f)
    {
        Data = PeerData.Load(new PeerDataPlan { Data = "shapes", Peers = peers, Images = 600, Alpha = alpha, TestImages = 100 }, new DatasetCatalog([]), seed);
        Engine = ClassifierEngines.Create(new PerceptronKind([Data.Train.Width, 16, Data.Classes]), 2);
        Training = new PeerLearning(Engine, Data, step, rate, seed);
    }

    internal PeerData Data { get; }

    internal IClassifierEngine Engine { get; }

    internal PeerLearning Training { get; }

    public void Dispose()
    {
        Engine.Dispose();
        Data.Dispose();
    }
}
