using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace OrleansDDM.Learning.Models.Fused;

/// <summary>
/// Two runs of 7 pixels of a convolution, for images whose width 7 divides, like those of 28x28. All sums stay in vector registers while the
/// source channels and the taps run.
/// </summary>
internal static unsafe class ConvolutionSevens
{
    // 14 pixels x 32 channels: 28 accumulators, 2 weights and 1 broadcast fill 31 of the 32 registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Wide(ConvolutionPass* pass, float* weights, ConvolutionRun* first, ConvolutionRun* second)
    {
        Vector512<float> a0 = Vector512.Load(first->Start);
        Vector512<float> a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0;
        Vector512<float> b0 = Vector512.Load(first->Start + 16);
        Vector512<float> b1 = b0, b2 = b0, b3 = b0, b4 = b0, b5 = b0, b6 = b0;
        Vector512<float> c0 = Vector512.Load(second->Start);
        Vector512<float> c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0;
        Vector512<float> d0 = Vector512.Load(second->Start + 16);
        Vector512<float> d1 = d0, d2 = d0, d3 = d0, d4 = d0, d5 = d0, d6 = d0;
        float* x = first->Input;
        long toSecond = second->Input - x;
        for (int plane = 0; plane < pass->Planes; plane++, x += pass->Plane)
        {
            for (int tap = 0; tap < pass->TapCount; tap++)
            {
                float* p = x + pass->Taps[tap];
                float* q = p + toSecond;
                for (float* end = p + pass->Inner; p < end; p++, q++, weights += 32)
                {
                    Vector512<float> w0 = Vector512.Load(weights);
                    Vector512<float> w1 = Vector512.Load(weights + 16);
                    Vector512<float> v = Vector512.Create(p[0]);
                    a0 = Vector512.FusedMultiplyAdd(v, w0, a0);
                    b0 = Vector512.FusedMultiplyAdd(v, w1, b0);
                    v = Vector512.Create(p[16]);
                    a1 = Vector512.FusedMultiplyAdd(v, w0, a1);
                    b1 = Vector512.FusedMultiplyAdd(v, w1, b1);
                    v = Vector512.Create(p[32]);
                    a2 = Vector512.FusedMultiplyAdd(v, w0, a2);
                    b2 = Vector512.FusedMultiplyAdd(v, w1, b2);
                    v = Vector512.Create(p[48]);
                    a3 = Vector512.FusedMultiplyAdd(v, w0, a3);
                    b3 = Vector512.FusedMultiplyAdd(v, w1, b3);
                    v = Vector512.Create(p[64]);
                    a4 = Vector512.FusedMultiplyAdd(v, w0, a4);
                    b4 = Vector512.FusedMultiplyAdd(v, w1, b4);
                    v = Vector512.Create(p[80]);
                    a5 = Vector512.FusedMultiplyAdd(v, w0, a5);
                    b5 = Vector512.FusedMultiplyAdd(v, w1, b5);
                    v = Vector512.Create(p[96]);
                    a6 = Vector512.FusedMultiplyAdd(v, w0, a6);
                    b6 = Vector512.FusedMultiplyAdd(v, w1, b6);
                    v = Vector512.Create(q[0]);
                    c0 = Vector512.FusedMultiplyAdd(v, w0, c0);
                    d0 = Vector512.FusedMultiplyAdd(v, w1, d0);
                    v = Vector512.Create(q[16]);
                    c1 = Vector512.FusedMultiplyAdd(v, w0, c1);
                    d1 = Vector512.FusedMultiplyAdd(v, w1, d1);
                    v = Vector512.Create(q[32]);
                    c2 = Vector512.FusedMultiplyAdd(v, w0, c2);
                    d2 = Vector512.FusedMultiplyAdd(v, w1, d2);
                    v = Vector512.Create(q[48]);
                    c3 = Vector512.FusedMultiplyAdd(v, w0, c3);
                    d3 = Vector512.FusedMultiplyAdd(v, w1, d3);
                    v = Vector512.Create(q[64]);
                    c4 = Vector512.FusedMultiplyAdd(v, w0, c4);
                    d4 = Vector512.FusedMultiplyAdd(v, w1, d4);
                    v = Vector512.Create(q[80]);
                    c5 = Vector512.FusedMultiplyAdd(v, w0, c5);
                    d5 = Vector512.FusedMultiplyAdd(v, w1, d5);
                    v = Vector512.Create(q[96]);
                    c6 = Vector512.FusedMultiplyAdd(v, w0, c6);
                    d6 = Vector512.FusedMultiplyAdd(v, w1, d6);
                }
            }
        }

        Store(first, 0, a0, a1, a2, a3, a4, a5, a6);
        Store(first, pass->Plane, b0, b1, b2, b3, b4, b5, b6);
        Store(second, 0, c0, c1, c2, c3, c4, c5, c6);
        Store(second, pass->Plane, d0, d1, d2, d3, d4, d5, d6);
    }

    // 14 pixels x 16 channels.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Narrow(ConvolutionPass* pass, float* weights, ConvolutionRun* first, ConvolutionRun* second)
    {
        Vector512<float> a0 = Vector512.Load(first->Start);
        Vector512<float> a1 = a0, a2 = a0, a3 = a0, a4 = a0, a5 = a0, a6 = a0;
        Vector512<float> b0 = Vector512.Load(second->Start);
        Vector512<float> b1 = b0, b2 = b0, b3 = b0, b4 = b0, b5 = b0, b6 = b0;
        float* x = first->Input;
        long toSecond = second->Input - x;
        for (int plane = 0; plane < pass->Planes; plane++, x += pass->Plane)
        {
            for (int tap = 0; tap < pass->TapCount; tap++)
            {
                float* p = x + pass->Taps[tap];
                float* q = p + toSecond;
                for (float* end = p + pass->Inner; p < end; p++, q++, weights += 16)
                {
                    Vector512<float> w0 = Vector512.Load(weights);
                    a0 = Vector512.FusedMultiplyAdd(Vector512.Create(p[0]), w0, a0);
                    a1 = Vector512.FusedMultiplyAdd(Vector512.Create(p[16]), w0, a1);
                    a2 = Vector512.FusedMultiplyAdd(Vector512.Create(p[32]), w0, a2);
                    a3 = Vector512.FusedMultiplyAdd(Vector512.Create(p[48]), w0, a3);
                    a4 = Vector512.FusedMultiplyAdd(Vector512.Create(p[64]), w0, a4);
                    a5 = Vector512.FusedMultiplyAdd(Vector512.Create(p[80]), w0, a5);
                    a6 = Vector512.FusedMultiplyAdd(Vector512.Create(p[96]), w0, a6);
                    b0 = Vector512.FusedMultiplyAdd(Vector512.Create(q[0]), w0, b0);
                    b1 = Vector512.FusedMultiplyAdd(Vector512.Create(q[16]), w0, b1);
                    b2 = Vector512.FusedMultiplyAdd(Vector512.Create(q[32]), w0, b2);
                    b3 = Vector512.FusedMultiplyAdd(Vector512.Create(q[48]), w0, b3);
                    b4 = Vector512.FusedMultiplyAdd(Vector512.Create(q[64]), w0, b4);
                    b5 = Vector512.FusedMultiplyAdd(Vector512.Create(q[80]), w0, b5);
                    b6 = Vector512.FusedMultiplyAdd(Vector512.Create(q[96]), w0, b6);
                }
            }
        }

        Store(first, 0, a0, a1, a2, a3, a4, a5, a6);
        Store(second, 0, b0, b1, b2, b3, b4, b5, b6);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store(
        ConvolutionRun* run, int offset, Vector512<float> v0, Vector512<float> v1, Vector512<float> v2, Vector512<float> v3, Vector512<float> v4, Vector512<float> v5, Vector512<float> v6)
    {
        float* y = run->Output + offset;
        if (run->Residual is not null)
        {
            float* s = run->Residual + offset;
            v0 += Vector512.Load(s);
            v1 += Vector512.Load(s + 16);
            v2 += Vector512.Load(s + 32);
            v3 += Vector512.Load(s + 48);
            v4 += Vector512.Load(s + 64);
            v5 += Vector512.Load(s + 80);
            v6 += Vector512.Load(s + 96);
        }

        v0.Store(y);
        v1.Store(y + 16);
        v2.Store(y + 32);
        v3.Store(y + 48);
        v4.Store(y + 64);
        v5.Store(y + 80);
        v6.Store(y + 96);
    }
}
