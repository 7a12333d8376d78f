namespace OrleansDDM.Silos.Web;

/// <summary>A picture of samples.</summary>
/// <param name="Models">The models that drew it, by the hashes of their weights.</param>
/// <param name="Tag">Tells it from other pictures of the run.</param>
/// <param name="Png">A PNG file.</param>
internal sealed record SampleGrid(string Models, string Tag, byte[] Png);
