import java.awt.Window;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import javax.swing.JDialog;
import javax.swing.JFrame;
import javax.swing.SwingUtilities;

/**
 * Opens Swing windows as TWS does: `frame TITLE`, `dialog TITLE`, and `close` for all of them.
 *
 * Reads the commands from its input and prints a line after each. Ends with its input.
 */
public class Windows {
    private static JFrame first;

    public static void main(String[] arguments) throws Exception {
        var input = new InputStreamReader(System.in, StandardCharsets.UTF_8);
        try (var lines = new BufferedReader(input)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                String[] words = line.split(" ", 2);
                SwingUtilities.invokeAndWait(() -> run(words[0], words.length > 1 ? words[1] : ""));
                System.out.println("done");
            }
        }
        System.exit(0);
    }

    private static void run(String verb, String title) {
        if (verb.equals("close")) {
            for (Window window : Window.getWindows()) window.dispose();
            first = null;
        } else if (verb.equals("frame")) {
            JFrame frame = new JFrame(title);
            if (first == null) first = frame;
            show(frame);
        } else {
            show(new JDialog(first, title));
        }
    }

    private static void show(Window window) {
        window.setSize(300, 120);
        window.setVisible(true);
    }
}
