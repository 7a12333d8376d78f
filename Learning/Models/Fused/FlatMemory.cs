using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

using TorchSharp;

using static TorchSharp.torch;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>The memory of a tensor, which stays where it is as long as the tensor lives.</summary>
internal static unsafe class FlatMemory
{
    /// <summary>First element of a contiguous float32 tensor on the CPU.</summary>
    /// <exception cref="ArgumentException">The tensor is of another kind.</exception>
    public static float* Of(Tensor tensor)
    {
        if (tensor.dtype != float32 || tensor.device_type != DeviceType.CPU || !tensor.is_contiguous())
        {
            throw new ArgumentException("The tensor must be contiguous float32 on the CPU.", nameof(tensor));
        }

        return (float*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(tensor.bytes));
    }
}
