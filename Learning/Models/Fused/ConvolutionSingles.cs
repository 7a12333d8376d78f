using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>One pixel of a convolution, for images that are less than 4 pixels wide. The sums have the order of the wider kernels.</summary>
internal static unsafe class ConvolutionSingles
{
    /// <summary>1 pixel x <paramref name="planes"/> times 16 channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Compute(ConvolutionPass* pass, float* weights, int planes, ConvolutionRun* run)
    {
        for (int result = 0; result < planes; result++)
        {
            float* w = weights + result * MapGeometry.Lanes;
            Vector512<float> sum = Vector512.Load(run->Start + result * MapGeometry.Lanes);
            float* x = run->Input;
            for (int plane = 0; plane < pass->Planes; plane++, x += pass->Plane)
            {
                for (int tap = 0; tap < pass->TapCount; tap++)
                {
                    float* p = x + pass->Taps[tap];
                    for (int i = 0; i < pass->Inner; i++, w += planes * MapGeometry.Lanes)
                    {
                        sum = Vector512.FusedMultiplyAdd(Vector512.Create(p[i]), Vector512.Load(w), sum);
                    }
                }
            }

            if (run->Residual is not null)
            {
                sum += Vector512.Load(run->Residual + result * pass->Plane);
            }

            sum.Store(run->Output + result * pass->Plane);
        }
    }
}
