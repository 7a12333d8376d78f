namespace OrleansDDM.Learning.Devices;

/// <summary>Something that holds tensors and computes with them: the CPU, or one CUDA card.</summary>
/// <param name="Name"><c>cpu</c>, or <c>cuda:N</c> with the N of this process (see <c>CUDA_VISIBLE_DEVICES</c>).</param>
/// <param name="Model">What it is, e.g. the name of the card.</param>
/// <param name="Memory">Bytes of memory; 0 = not known.</param>
public sealed record ComputeDevice(string Name, string Model, long Memory)
{
    /// <summary>Name and kind of the CPU.</summary>
    public const string Cpu = "cpu";

    /// <summary>Kind of all CUDA cards.</summary>
    public const string Cuda = "cuda";

    /// <summary><see cref="Cpu"/> or <see cref="Cuda"/>.</summary>
    public string Kind => KindOf(Name);

    /// <summary>The kind of a device by its name.</summary>
    public static string KindOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.Split(':')[0];
    }
}
