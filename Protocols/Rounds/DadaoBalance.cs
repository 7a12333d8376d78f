using OrleansDDM.Protocols.Dadao;
using OrleansDDM.Protocols.Machines;

namespace OrleansDDM.Protocols.Rounds;

/// <summary>
/// What every exchange leaves as it is: Σ (α̃z + αz̃) over all peers. It begins at 0; an exchange adds as much at one end as it takes at the other, and the
/// flow of a peer moves its own part between z and z̃ only. It stays 0 exactly if every exchange is applied at both ends or at none.
/// </summary>
public static class DadaoBalance
{
    /// <summary>The sum as it will be once exchanges that one end has committed and the other has not heard of are over.</summary>
    /// <param name="peers">Durable states of all peers, at one moment.</param>
    /// <param name="parameters">Constants.</param>
    /// <param name="dimension">Elements of a vector.</param>
    /// <param name="get">Elements of a vector that a state names.</param>
    public static double[] Of(
        IReadOnlyDictionary<PeerId, DadaoRounds.Saved> peers, DadaoParameters parameters, int dimension, Func<ModelHandle, double[]> get)
    {
        ArgumentNullException.ThrowIfNull(peers);
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(get);
        double[] sum = new double[dimension];
        foreach ((PeerId self, DadaoRounds.Saved peer) in peers)
        {
            Add(peer.Vectors[4], parameters.AlphaTilde);
            Add(peer.Vectors[5], parameters.Alpha);
            if (peer.Doubt is { } doubt && peers.TryGetValue(doubt.Partner, out DadaoRounds.Saved? other)
                && other.Commits.TryGetValue(self, out (long Number, ModelHandle Sum) commit) && commit.Number == doubt.Number)
            {
                double share = (parameters.AlphaTilde * DadaoParameters.Beta) + (parameters.Alpha * parameters.BetaTilde);
                Add(doubt.Sum, -share);
                Add(commit.Sum, share);
            }
        }

        return sum;

        void Add(ModelHandle vector, double weight)
        {
            double[] values = vector.IsNone ? [] : get(vector);
            for (int i = 0; i < values.Length; i++)
            {
                sum[i] += weight * values[i];
            }
        }
    }
}
