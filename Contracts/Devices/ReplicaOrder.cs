using System.Security.Cryptography;
using System.Text;

namespace OrleansDDM.Contracts.Devices;

/// <summary>
/// Which silo evaluates a trained model. Each model has its own order of silos, so that models spread over the cluster and each stays where it is open.
/// </summary>
public static class ReplicaOrder
{
    /// <summary>Silos in the order in which they are asked: the first evaluates the model, each other one only where those before it fail.</summary>
    /// <param name="silos">The active silos.</param>
    /// <param name="name">The name of one.</param>
    /// <param name="sha256">Hash of the model's weights.</param>
    public static IEnumerable<T> Of<T>(IEnumerable<T> silos, Func<T, string> name, string sha256) =>
        silos.OrderBy(s => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(name(s) + "/" + sha256))), StringComparer.Ordinal);
}
