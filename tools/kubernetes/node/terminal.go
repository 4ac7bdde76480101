package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"unsafe"
)

// openTerminal makes a pseudo-terminal: the side of whoever looks at it, and that of the process.
func openTerminal() (*os.File, *os.File, error) {
	near, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	var lock, number int32
	for request, value := range map[uintptr]*int32{syscall.TIOCSPTLCK: &lock, syscall.TIOCGPTN: &number} {
		if err := control(near, request, unsafe.Pointer(value)); err != nil {
			near.Close()
			return nil, nil, err
		}
	}
	far, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		near.Close()
		return nil, nil, err
	}
	return near, far, nil
}

func control(file *os.File, request uintptr, value unsafe.Pointer) error {
	_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, file.Fd(), request, uintptr(value))
	if errno != 0 {
		return errno
	}
	return nil
}

// runInTerminal runs a process in a terminal of its own; out gets all of it before it returns.
func runInTerminal(process *exec.Cmd, in io.Reader, out io.Writer, sizes io.Reader) error {
	near, far, err := openTerminal()
	if err != nil {
		return err
	}
	defer near.Close()
	process.Stdin, process.Stdout, process.Stderr = far, far, far
	process.Env = append(os.Environ(), "TERM=xterm")
	process.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	err = process.Start()
	far.Close()
	if err != nil {
		return err
	}
	go io.Copy(near, in)
	go resize(near, sizes)
	// Ends when the last process of the terminal has closed it.
	io.Copy(out, near)
	return process.Wait()
}

func resize(terminal *os.File, sizes io.Reader) {
	for decoder := json.NewDecoder(sizes); ; {
		var size struct{ Width, Height uint16 }
		if decoder.Decode(&size) != nil {
			return
		}
		window := [4]uint16{size.Height, size.Width}
		control(terminal, syscall.TIOCSWINSZ, unsafe.Pointer(&window))
	}
}
